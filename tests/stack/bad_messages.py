"""Messages that an oven of 14 slots can never bake, and the reasons that their senders read."""

import json

BAD_MESSAGES = {
    "no JSON at all": "the message is not JSON",
    '{"id": "cut-off", "bakingTimeSecs": 1': "the message is not JSON",
    " ": "the message is not JSON",
    '{"id": "nan", "bakingTimeSecs": NaN}': "NaN is no JSON number",
    '{"id": "infinite", "bakingTimeSecs": Infinity}': "Infinity is no JSON number",
    '{"id": "huge", "bakingTimeSecs": 1, "price": 1e999}': "a number that is too large: 1e999",
    "[" * 30_000: "the message is nested deeper than",
    "null": "the message must be a JSON object, not null",
    "[]": "the message must be a JSON object, not []",
    '"pizza"': 'the message must be a JSON object, not "pizza"',
    "42": "the message must be a JSON object, not 42",
    "{}": "id is missing",
    '{"bakingTimeSecs": 1}': "id is missing",
    '{"id": "no-time"}': "bakingTimeSecs is missing",
    '{"id": null, "bakingTimeSecs": 1}': "id must be 1 to 80 characters of A-Z a-z 0-9 _ . -, not null",
    '{"id": 7, "bakingTimeSecs": 1}': "not 7",
    '{"id": "", "bakingTimeSecs": 1}': 'not ""',
    '{"id": "a b", "bakingTimeSecs": 1}': 'not "a b"',
    '{"id": "caf\u00e9", "bakingTimeSecs": 1}': "id must be 1 to 80 characters",
    json.dumps({"id": "x" * 81, "bakingTimeSecs": 1}): "id must be 1 to 80 characters",
    '{"id": "text", "bakingTimeSecs": "soon"}': (
        'bakingTimeSecs must be a whole number of seconds from 0 to 31449600, not "soon"'
    ),
    '{"id": "digits", "bakingTimeSecs": "5"}': 'not "5"',
    '{"id": "none", "bakingTimeSecs": null}': "not null",
    '{"id": "true", "bakingTimeSecs": true}': "not true",
    '{"id": "fraction", "bakingTimeSecs": 1.5}': "not 1.5",
    '{"id": "negative", "bakingTimeSecs": -1}': "not -1",
    '{"id": "too-long", "bakingTimeSecs": 31449601}': "not 31449601",
    '{"id": "thin", "bakingTimeSecs": 1, "size": 0}': "size must be a whole number of slots from 1 to 14",
    '{"id": "too-big", "bakingTimeSecs": 1, "size": 15}': "not 15",
    '{"id": "half", "bakingTimeSecs": 1, "size": 0.5}': "not 0.5",
    '{"id": "no-size", "bakingTimeSecs": 1, "size": null}': "not null",
    '{"id": "sized-true", "bakingTimeSecs": 1, "size": true}': "not true",
    json.dumps({"id": "heavy", "bakingTimeSecs": 1, "topping": "x" * 65_536}): "at most 65536 bytes",
    '{"type": "trigger", "item": 5}': "item must be 1 to 80 characters",
    '{"type": "trigger", "id": "not-only-a-trigger"}': "bakingTimeSecs is missing",
}
"""A part of the reason, by body."""
