-- /etc/prosody/conf.avail/corp.example.cfg.lua on 10.0.0.9, with a link in conf.d: the chat, and the desk phones as its
-- neighbour. SECRET is the content of component-secret.
VirtualHost "corp.example"

Component "phones.corp.example"
    component_secret = "SECRET"
