<?php
// What Apache's configuration does for DAViCal, for PHP's own web server. DAViCal includes
// /etc/davical/SERVER_NAME-conf.php; a name that leads out of there spares us a file outside of the tests' folder.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_WARNING & ~E_NOTICE);
ini_set('display_errors', '0');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$inside = preg_match('#^/caldav\.php(/.*)?$#', $path, $match) ? ($match[1] ?? '/') : $path;
$_SERVER['SERVER_NAME'] = '../..' . preg_replace('#-conf\.php$#', '', getenv('DAVICAL_CONFIG'));
$_SERVER['PATH_INFO'] = rawurldecode($inside);
$_SERVER['SCRIPT_NAME'] = '/caldav.php';
$_SERVER['SCRIPT_FILENAME'] = getenv('DAVICAL_SHARE') . '/htdocs/caldav.php';
$_SERVER['PHP_SELF'] = '/caldav.php' . $_SERVER['PATH_INFO'];
if (isset($_SERVER['HTTP_DESTINATION'])) {
    // DAViCal takes no digits in the name of a host, so that of a MOVE to 127.0.0.1 would stay in the path
    $_SERVER['HTTP_DESTINATION'] = parse_url($_SERVER['HTTP_DESTINATION'], PHP_URL_PATH);
}
chdir(getenv('DAVICAL_SHARE') . '/htdocs');
require $_SERVER['SCRIPT_FILENAME'];
