import Text

/// The version of xpm, as `xpm --version` tells and `params.json` notes.
let xpmVersion = "0.1.0"
