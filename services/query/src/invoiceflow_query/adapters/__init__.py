"""The stores the read model can live in."""
