"""What is found as words, data, charts and pages: for the command line, the one-file report and the dashboard."""
