"""What a network costs and how well it does, in the terms of NeuroBench."""
