"""Starts localemu on the address of its environment."""

from localemu.runtime.main import main

from lifetime import end_with_the_check

end_with_the_check()
main()
