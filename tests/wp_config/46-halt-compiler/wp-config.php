<?php
define('A', 'a');
__HALT_COMPILER();
define('B', 'b'); ' " /*
