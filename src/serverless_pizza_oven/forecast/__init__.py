"""Forecasts: what an oven will do, cost and run into, simulated in virtual time.

Each module imports only those above it:

    ideal, distribution, arrivals       a perfect oven; drawn numbers; when items arrive
    workload                            which items are sent, and when
    input_file, records, arrival_times  files of arrivals
    file_workload                       a workload from a file
    recording                           what happens in a run
    run_usage, run_cost                 its requests, and what AWS charges for them
    request, result, run                what is asked, what is told, and the run between
    measured                            latencies measured on an oven
    conditions, options                 the options of `oven simulate`
    report, document, plot              a forecast as a table, as JSON, as a picture
"""
