"""What runs inside a task host: the source loop, the sink loop, the compiled pipeline, offset tracking."""
