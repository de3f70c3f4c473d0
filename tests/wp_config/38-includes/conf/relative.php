<?php define('C', 'relative');
