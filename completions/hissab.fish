complete --keep-order --exclusive --command hissab --arguments "(COMPLETE=fish hissab -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
