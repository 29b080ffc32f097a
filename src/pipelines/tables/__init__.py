"""The contract: what tables a shop's log becomes, how raw tables map to it, and what every row must satisfy."""
