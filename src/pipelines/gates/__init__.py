"""Gates: what a challenger must show before it becomes champion. All are judged and every reason is shown."""
