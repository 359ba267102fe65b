"""Fits what turns the local engine's scores into chances, on documents apart from those it is measured on."""
