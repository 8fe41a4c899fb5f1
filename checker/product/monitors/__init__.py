"""Monitors over symbolic events: one register machine per rule, for any fixed values of its rigid symbols."""
