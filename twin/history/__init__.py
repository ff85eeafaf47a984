"""History of samples: Parquet files by day, asked with DuckDB. Imports no Qt, no VTK."""
