module right

go 1.26
