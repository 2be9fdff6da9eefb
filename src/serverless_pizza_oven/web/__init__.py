"""A page in the browser that shows one oven, live. It is served on this machine only.

    watched_oven, scripted   what the page reads of an oven: a deployed one, or a scripted one for tests
    ordering                 what the page may send to an oven
    figures                  rates, waiting times and a history, computed from successive statuses
    board                    the newest event, for any number of open pages
    polling                  reads the status while a page is open, and posts it on the board
    server, safety           serve the page, and refuse other websites
    watching_cost            what watching costs on AWS

The page itself is in `page/`, without any library.
"""
