"""One image from pixels to numbers. Every door comes through here."""
