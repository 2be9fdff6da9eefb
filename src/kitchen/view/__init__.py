"""The kitchen in a browser: a page on this machine that shows one oven at work.

`oven` is what the page asks of an oven, and `watching` asks it while somebody looks; `figures` tells from one
look to the next what no single one shows; `board` holds the newest for all pages; `server` and `safety` serve
them; `cost` says what it costs. The page itself is in `page/`, without any library.
"""
