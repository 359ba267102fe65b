"""The cluster suite's machinery: kubectl and helm, both charts installed, and ways into the cluster and within it."""
