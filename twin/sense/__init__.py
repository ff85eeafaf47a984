"""Things, datastreams, the bounded observation store."""
