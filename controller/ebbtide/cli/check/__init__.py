"""`ebbtide check`: what is wrong with policies, by their schema and by their past."""
