"""A renderer of our own: the picture of pybullet's OpenGL renderer, without its dangers.

Data flow: URDF (``urdf``) and mesh files (``meshes``, ``hulls``, ``textures``) become visuals;
``kinematics`` puts them where the joints are; ``stage`` draws them in a shared ``context`` with the
programs of ``shaders``; ``renderer`` is the CALVIN renderer made of these.

``Stage`` knows nothing of CALVIN; ``client.ClientRenderer`` draws any pybullet client with it.
"""
