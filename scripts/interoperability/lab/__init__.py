"""The classes of a lab that uses experimaestro, and now xpm too."""
