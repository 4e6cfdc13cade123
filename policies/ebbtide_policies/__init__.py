"""The policies of Ebbtide: pure rules that answer an observation with bounds."""
