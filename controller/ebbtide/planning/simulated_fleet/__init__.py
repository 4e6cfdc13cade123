"""The plant: a simulated fleet of pods on nodes, that boots, serves and costs money."""
