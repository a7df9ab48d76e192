"""Pictures: arrays and tables in, a matplotlib or a plotly figure out."""
