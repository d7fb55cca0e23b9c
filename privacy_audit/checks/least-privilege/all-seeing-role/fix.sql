drop role example_backup;
