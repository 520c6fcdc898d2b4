"""Every cut-off of a verdict, in one place, each with its source."""

# TensorFlow's profiler calls less than 5 % not input-bound and more than 20 % highly so:
# https://www.tensorflow.org/guide/profiler (input-pipeline analyzer).
MILD_INPUT_SHARE = 0.05
INPUT_SHARE = 0.20
# Copies that nothing hides: as much as is worth a change (timm's transfer shares are 1 to 10 %).
TRANSFER_SHARE = 0.10
# Reading figures from the device in each step.
SYNC_SHARE = 0.10
# A step with twice the samples that takes less than so many times as long is all overhead.
LAUNCH_RATIO = 1.2
# Time in which the loop could have run and had no core, or a quota held it.
CONTENDED_SHARE = 0.10
# Time for which heat or a power limit held the clocks.
THROTTLED_SHARE = 0.10
# Unless the clock was lower by as much as this, a limit that held cost nothing.
THROTTLED_CLOCK = 0.05
# Starting loader processes anew for each epoch: as much as is worth a change.
START_SHARE = 0.10
