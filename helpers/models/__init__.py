"""Networks and the other models they are compared with."""
