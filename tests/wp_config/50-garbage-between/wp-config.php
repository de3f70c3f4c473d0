<?php
define('A', 'a');
define('B', 'b' 'c');
>>>>>>> theirs
define('C', 'c');
