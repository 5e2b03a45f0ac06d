//! Nothing: the package only pins the sources that it depends on.
