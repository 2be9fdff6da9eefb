"""Forecasts: simulates an oven in virtual time, and tells its waiting times, its cost and its limits.

Each module imports only those above it:

    ideal, distribution, arrivals       a perfect oven; drawn numbers; when items arrive
    workload                            which items are sent, and when
    input_file, records, arrival_times  files of arrivals
    file_workload                       a workload from a file
    recording                           what happens in a run
    run_usage, run_cost                 the requests of a run, and what AWS charges for them
    request, result, run                the question, the answer, and the run that gives it
    measured                            latencies measured on an oven
    conditions, options                 the options of `oven simulate`
    report, document, plot              a forecast as a table, as JSON, as a picture
"""
