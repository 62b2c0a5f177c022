//! The command line: the clap tree, its context, one file a command.
