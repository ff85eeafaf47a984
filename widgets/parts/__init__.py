"""Pieces that several panels share: item models, delegates, forms. May import `twin` and Qt."""
