/*
 * On this page the address belongs to GUTS's router. Horizon's AngularJS, which starts when the page is read, would
 * load the page anew when the address changes (its $location in hashbang mode): it sees the one it began with.
 */
angular.module('horizon.app').config([
  '$provide',
  function ($provide) {
    $provide.decorator('$browser', [
      '$delegate',
      function ($delegate) {
        let seen = $delegate.url();
        $delegate.url = function (given) {
          if (given === undefined) return seen;
          seen = given;
          return $delegate;
        };
        $delegate.onUrlChange = function () {};
        return $delegate;
      },
    ]);
  },
]);
