"""The physics, one file per concept of the field. Import it through `engine`."""
