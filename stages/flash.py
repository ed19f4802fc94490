"""flash: .tflite files -> C -> firmware image, programmed into the board; metrics/flash.json is the receipt."""

from kws.deployment import deploy
from kws.files import replaced_folder, write_json
from kws.stage import stage


@stage(
    candidates="folder of convert's .tflite files",
    estimates="JSON of convert",
    images="folder for the firmware images",
    metrics="JSON, the receipt",
)
def main(paths, params):
    with replaced_folder(paths.images) as folder:
        receipt = deploy(paths.candidates, paths.estimates, folder, params)
    write_json(paths.metrics, receipt)


if __name__ == "__main__":
    main()
