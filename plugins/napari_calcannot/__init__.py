"""napari plugin of calcannot: the same measurement, with a window.

Nothing is imported here, so that napari finds the manifest without waiting for image libraries or Qt.
"""
