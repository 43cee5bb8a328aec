"""A program of Hydra's, with a value that must be given."""
import hydra


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    print(f"lr={cfg.lr} hidden={cfg.model.hidden} layers={cfg.layers} seed={cfg.seed}")


if __name__ == "__main__":
    main()
