"""City model: features, frames, surfaces."""
