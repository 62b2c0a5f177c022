-- When whoever works on a job last said so: what a server that is gone left behind is done anew.
ALTER TABLE job ADD COLUMN beat INTEGER;
