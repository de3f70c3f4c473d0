<?php define('DB_NAME', 'a');
/* define('DB_PASSWORD', 'x');