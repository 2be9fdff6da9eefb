"""The kitchen in a browser: a page on this machine that shows one oven at work.

`oven` is what the page asks of an oven, `scripted` one that shows what it is told to, `ordering` what may be
sent to it; `watching` looks at it while somebody looks at the page; `figures` tells from one look to the next
what no single one shows; `board` holds the newest look for all pages; `server` and `safety` serve them;
`cost` says what it costs. The page itself is in `page/`, without any library.
"""
