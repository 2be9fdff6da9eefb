// The shape of a pizza that lies on several squares: everything within `radius` of the path between their middles.
// A path is a list of points, each straight beside or below the one before.

// The edge of the shape, clockwise from the upper left.
export function outline(path, radius) {
  const points = corners(path);
  const shape = new Path2D();
  if (points.length === 1) {
    shape.arc(points[0].x, points[0].y, radius, -Math.PI / 2, 1.5 * Math.PI);
    return shape;
  }
  // There and back along the path, with the edge to the left.
  const walk = [...points, ...points.slice(1, -1).reverse()];
  const start = edgeOf(points[0], heading(points[0], points[1]), radius);
  shape.moveTo(start.x, start.y);
  for (let n = 1; n <= walk.length; n++) {
    const at = walk[n % walk.length];
    const came = heading(walk[n - 1], at);
    const goes = heading(at, walk[(n + 1) % walk.length]);
    const turn = came.x * goes.y - came.y * goes.x;
    const begin = Math.atan2(-came.x, came.y);
    if (turn < 0) {
      const inside = edgeOf(edgeOf(at, came, radius), goes, radius);
      shape.lineTo(inside.x, inside.y);
    } else {
      shape.arc(at.x, at.y, radius, begin, begin + (turn > 0 ? Math.PI / 2 : Math.PI));
    }
  }
  shape.closePath();
  return shape;
}

// How long the edge is.
export function edgeLength(path, radius) {
  const points = corners(path);
  let length = 2 * Math.PI * radius;
  for (let n = 1; n < points.length; n++) {
    length += 2 * (Math.abs(points[n].x - points[n - 1].x) + Math.abs(points[n].y - points[n - 1].y));
  }
  const turns = Math.max(points.length - 2, 0);
  return length + turns * radius * (Math.PI / 2 - 2);
}

// The point half-way along the path.
export function middle(path) {
  const [before, after] = [path[Math.floor((path.length - 1) / 2)], path[Math.ceil((path.length - 1) / 2)]];
  return { x: (before.x + after.x) / 2, y: (before.y + after.y) / 2 };
}

// The ends of the path, and the points at which it turns.
function corners(path) {
  return path.filter((point, n) => {
    const [before, after] = [path[n - 1], path[n + 1]];
    if (!before || !after) return true;
    const [came, goes] = [heading(before, point), heading(point, after)];
    return came.x !== goes.x || came.y !== goes.y;
  });
}

function heading(from, to) {
  return { x: Math.sign(Math.round(to.x - from.x)), y: Math.sign(Math.round(to.y - from.y)) };
}

function edgeOf(point, heading, radius) {
  return { x: point.x + radius * heading.y, y: point.y - radius * heading.x };
}
