"""Synthetic slides and films whose calcified area is known before a pixel is drawn.

The parts are modules, imported when they are used, so that this package costs nothing to import:

``shapes``
    Outlines with an area by formula, and their rasters.
``histology``
    ``render_histology(HistologySpec(), seed)``: a von Kossa section by Beer-Lambert.
``radiograph``
    ``render_radiograph(RadiographSpec(), seed)``: a film by attenuation, magnification and scatter.
``dicom_film``
    The film as a DICOM DX file, with every way of telling (or not telling) its pixel size.
``write``
    Image, truth and regions of interest as files.
"""
