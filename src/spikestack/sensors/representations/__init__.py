"""What camera events become for those who count in arrays, one file each."""
