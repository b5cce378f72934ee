module funcs

go 1.26
