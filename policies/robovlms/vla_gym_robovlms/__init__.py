"""RoboVLMs in vla_gym: a VLM backbone x history x action space x action head, from one config.

Importing this package costs nothing; torch and transformers are imported when a policy is made.
"""
