"""Everything that tinyvision has of Keras's, compared with Keras: values, gradients, states, arguments."""
