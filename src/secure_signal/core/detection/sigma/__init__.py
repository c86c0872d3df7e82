"""Sigma documents to rules."""
