<?php
define("A", "tab\tnew\nreturn\r");
define("B", "\$dollar \"quote\" back\\slash");
define("C", "\101\x41\u{41}\u{1F600}");
define("D", "\q5$ $");
define("E", "\v\e\f");
define("F", "\xc3\xa4");
define("G", "\xff");
