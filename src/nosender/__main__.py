from nosender.cli import main

main()
