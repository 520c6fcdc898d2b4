"""The machine on the training's clock: what it did during an epoch."""
