"""What the firmware takes of flash and RAM, in bytes: written by tools/firmware_sizes.py; see there."""

FIRMWARE_FLASH_BYTES = 17_690
FIRMWARE_RAM_BYTES = 55_016
FRONT_END_FLASH_BYTES = {
    "log_mel": 0,
    "pcen": 1_064,
    "mfcc": 3_280,
}
KERNEL_FLASH_BYTES = {
    "conv": 1_106,
    "frame": 810,
    "product": 1_486,
    "depthwise": 1_334,
    "pool": 766,
    "dense": 1_268,
    "planes": 300,
}
MODEL_FLASH_BYTES = 208
LAYER_FLASH_BYTES = 96
UNPACKER_FLASH_BYTES = {
    "plain": 0,
    "packed": 68,
    "sparse": 178,
}
UNPACKING_FLASH_BYTES = 27
